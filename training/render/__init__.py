"""Pictures made by rule: stains painted on clean photos, and the sample returns of the demo."""
