package ui

import "hexhub/internal/feature/org"

// RoleInWords goes on from "you can".
func RoleInWords(r org.Role) string {
	switch r {
	case org.Admin:
		return "fetch and publish its packages, and look after its members"
	case org.Write:
		return "fetch and publish its packages"
	case org.Read:
		return "fetch its packages"
	}
	return "do nothing"
}
