{{- define "quarry.labels" -}}
app.kubernetes.io/name: quarry
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "quarry.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "quarry.pod" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 0
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
automountServiceAccountToken: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- end }}

{{- define "quarry.container" -}}
image: {{ include "quarry.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
env:
  - { name: QUARRY_CONFIG, value: /etc/quarry/quarry.yaml }
  - { name: QUARRY_LOG_FORMAT, value: json }
{{- if .Values.database.existingSecret }}
  - name: QUARRY_DATABASE_URL
    valueFrom: { secretKeyRef: { name: {{ .Values.database.existingSecret | quote }}, key: url } }
{{- end }}
{{- if .Values.extraEnv }}
{{- toYaml .Values.extraEnv | nindent 2 }}
{{- end }}
volumeMounts:
  - { name: config, mountPath: /etc/quarry, readOnly: true }
  - { name: tmp, mountPath: /tmp }
  - { name: data, mountPath: /var/lib/quarry }
{{- if .Values.existingSecret }}
  - { name: secrets, mountPath: /run/secrets/quarry, readOnly: true }
{{- end }}
{{- end }}

{{- define "quarry.volumes" -}}
- { name: config, configMap: { name: {{ .Release.Name }}-config } }
- { name: tmp, emptyDir: {} }
{{- if .Values.existingSecret }}
- { name: secrets, secret: { secretName: {{ .Values.existingSecret | quote }}, defaultMode: 288 } }
{{- end }}
{{- end }}
