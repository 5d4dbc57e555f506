{{/* Pod Security `restricted`. The image's own user is a number, so none is asked for here: a cluster that hands out users for
each namespace may. */}}
{{- define "trainyard.podSecurity" -}}
runAsNonRoot: true
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "trainyard.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
