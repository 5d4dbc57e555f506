{{/* What a cluster has once, whatever the number of releases: definitions and roles. */}}

{{/* Whether such an object is this release's to write: not empty when it is, or when there is none. (list the root, the object
as it is there) */}}
{{- define "trainyard.isOurs" -}}
{{- $root := index . 0 }}{{ $present := index . 1 -}}
{{- if not $present -}}
yes
{{- else -}}
{{- $annotations := $present.metadata.annotations | default dict -}}
{{- $release := get $annotations "meta.helm.sh/release-name" -}}
{{- $namespace := get $annotations "meta.helm.sh/release-namespace" -}}
{{- if and (eq $release $root.Release.Name) (eq $namespace $root.Release.Namespace) -}}
yes
{{- end }}
{{- end }}
{{- end }}

{{/* Who installed such an object, for people. */}}
{{- define "trainyard.installedBy" -}}
{{- $annotations := .metadata.annotations | default dict -}}
{{- with get $annotations "meta.helm.sh/release-name" -}}
the release `{{ . }}` in the namespace `{{ get $annotations "meta.helm.sh/release-namespace" }}`
{{- else -}}
somebody without Helm
{{- end }}
{{- end }}

{{/* The head of a definition's metadata: an uninstall keeps it, and with it every object of its kind. */}}
{{- define "trainyard.definitionMetadata" }}
metadata:
  annotations:
    helm.sh/resource-policy: keep
  labels:
    {{- include "trainyard.labels" . | nindent 4 }}
{{ end }}

{{/* Why another one's definition is in the way, and what to do. (list the root, the definition as it is there) */}}
{{- define "trainyard.otherDefinition" -}}
{{- $root := index . 0 }}{{ $present := index . 1 }}
{{- $names := list }}
{{- range $path, $_ := $root.Files.Glob "definitions/*.yaml" }}
{{- $names = append $names (trimSuffix ".yaml" (base $path)) }}
{{- end }}

The CustomResourceDefinition {{ $present.metadata.name }} was installed by {{ include "trainyard.installedBy" $present }},
and it is not the one of this version ({{ $root.Chart.AppVersion }}).

  Is that installation in use?  Upgrade it to this version first, then try again.
  Is it gone?  Hand the definitions over to this release, then try again:

    kubectl label crd {{ join " " $names }} \
      --overwrite app.kubernetes.io/managed-by=Helm
    kubectl annotate crd {{ join " " $names }} \
      --overwrite meta.helm.sh/release-name={{ $root.Release.Name }} meta.helm.sh/release-namespace={{ $root.Release.Namespace }}

{{ end }}
