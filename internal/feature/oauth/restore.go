package oauth

import "hexhub/internal/kernel/store"

// Transient are the tables whose rows must not come back when an old state of the server is restored.
var Transient = store.Schema{grants, devices, codes}
