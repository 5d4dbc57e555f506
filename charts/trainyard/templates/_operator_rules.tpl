{{/* All that the operator may do, each with its reason. No Secrets, no ConfigMaps, no nodes, no pods made or entered: it makes
Jobs, and reads what becomes of them. `operator/tests/golden/rights.txt` holds the same as a list; it is compared with what an
API server grants and with what the operator asks of one. */}}
{{- define "trainyard.operatorRules" -}}
# Pipelines are watched. One is read anew when a run of it ends, to write its champion on the newest version.
- apiGroups: [trainyard.dev]
  resources: [mlpipelines]
  verbs: [get, list, watch]
# Conditions, the token that was seen, champion and last run; a patch where the pipeline cannot be read by this version.
- apiGroups: [trainyard.dev]
  resources: [mlpipelines/status]
  verbs: [update, patch]
# Runs are watched; one is created when a pipeline's `trigger` changes or its schedule is due, and looked at when its name is there
# already. A patch labels one at its end, and stops one that a newer one replaces (`concurrencyPolicy: Replace`). `retention` deletes
# finished ones that the operator has made.
- apiGroups: [trainyard.dev]
  resources: [pipelineruns]
  verbs: [get, list, watch, create, patch, delete]
# A run owns its Jobs, a pipeline the runs of its token, so that deleting one in the foreground waits for them: some clusters ask
# for this right then. Nothing is ever written there.
- apiGroups: [trainyard.dev]
  resources: [mlpipelines/finalizers, pipelineruns/finalizers]
  verbs: [update]
# What becomes of a run; a patch where it cannot be read by this version.
- apiGroups: [trainyard.dev]
  resources: [pipelineruns/status]
  verbs: [update, patch]
# A trained model is listed. It is looked up as the champion that `predict` uses, and when its name is there already; champions
# are listed when another one takes over. `retention.modelVersions` deletes old ones.
- apiGroups: [trainyard.dev]
  resources: [modelversions]
  verbs: [create, get, list, delete]
# Which one is the champion.
- apiGroups: [trainyard.dev]
  resources: [modelversions/status]
  verbs: [patch]
# One Job an attempt; deleted to stop it; looked up when its name is there already, or when the watch lost it. Those of a finished run
# are deleted together.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [create, get, list, watch, delete, deletecollection]
# How a stage's container ended and what it says; no right to make or enter one, nor to read its log.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# The pipeline as it was when a run began; shared by the runs that use it, by an owner more. Some clusters (OpenShift) let only
# who may delete an object change its owners: it is never deleted by the operator itself.
- apiGroups: [apps]
  resources: [controllerrevisions]
  verbs: [get, create, patch, delete]
# The workspace is created when it is missing; never changed, never deleted.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, create]
# Why a pod cannot be made or started: a quota, Pod Security, a volume. Only events say it.
- apiGroups: [""]
  resources: [events]
  verbs: [list]
# A run's retries, failure and end, for `kubectl describe`; a patch counts one that repeats itself.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
