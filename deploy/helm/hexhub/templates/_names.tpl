{{/* The name of everything: the release's, which says hexhub once. */}}
{{- define "hexhub.name" -}}
{{- if contains "hexhub" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ .Release.Name | trunc 43 | trimSuffix "-" }}-hexhub{{ end }}
{{- end }}

{{/* By what Services, policies and budgets find the pods. It never changes. */}}
{{- define "hexhub.selector" -}}
app.kubernetes.io/name: hexhub
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "hexhub.labels" -}}
{{ include "hexhub.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* The Secret by which nodes know each other. */}}
{{- define "hexhub.clusterSecret" -}}
{{ .Values.clusterSecret | default (printf "%s-cluster" (include "hexhub.name" .)) }}
{{- end }}

{{/* A setting's name in the environment. */}}
{{- define "hexhub.env" -}}
HEXHUB_{{ . | upper | replace "." "_" | replace "-" "_" }}
{{- end }}
