{{/* What the release's objects are called: the release's name, with `trainyard-` before it where it does not begin so. A
Service's name has no dots and begins with a letter; a release's may be otherwise. */}}
{{- define "trainyard.fullname" -}}
{{- $release := replace "." "-" .Release.Name -}}
{{- if hasPrefix "trainyard" $release }}{{ $release }}{{ else }}trainyard-{{ $release }}{{ end }}
{{- end }}

{{/* What objects without a namespace are called that each release has for itself. */}}
{{- define "trainyard.clusterName" -}}
trainyard:{{ .Release.Namespace }}:{{ .Release.Name }}
{{- end }}

{{/* By these the Deployment and the Service find their pod; they can never change. */}}
{{- define "trainyard.selector" -}}
app.kubernetes.io/name: trainyard
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: operator
{{- end }}

{{/* Labels of what belongs to the whole installation. */}}
{{- define "trainyard.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: trainyard
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Labels of what is the operator's. */}}
{{- define "trainyard.operatorLabels" -}}
{{ include "trainyard.labels" . }}
app.kubernetes.io/component: operator
{{- end }}

{{/* An image: (list the root, the values of the image). */}}
{{- define "trainyard.image" -}}
{{- $root := index . 0 }}{{ $image := index . 1 -}}
{{ $image.repository }}:{{ $image.tag | default $root.Chart.AppVersion }}
{{- end }}
