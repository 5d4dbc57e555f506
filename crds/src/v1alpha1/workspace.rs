//! The volume that holds datasets and models.

use super::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A claim in the pipeline's namespace. It is created when it is missing, and never deleted or resized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "!has(self.size) || !isQuantity(string(self.size)) || quantity(string(self.size)).compareTo(quantity('0')) > 0",
     "message": "size must be greater than zero", "fieldPath": ".size"},
]))]
pub struct Workspace {
    /// The claim's name: `trainyard` when left out, so that the pipelines of a namespace share one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub claim_name: Option<String>,
    /// How large a claim is created where it is missing: `5Gi` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
}
