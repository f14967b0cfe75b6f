package audit

import "hexhub/internal/kernel/store"

// View is the present moment.
func (a *Audit) View() *store.View { return a.db.View() }
