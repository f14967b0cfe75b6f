package ui

import "strings"

// Agent says in a few words what sent a User-Agent, for people to recognize their own machines by.
// It may be wrong, and is beside the point where it matters: whoever writes a User-Agent can lie.
func Agent(userAgent string) string {
	if !strings.HasPrefix(userAgent, "Mozilla/") {
		first, _, _ := strings.Cut(userAgent, " ")
		return Clip(first, 60)
	}
	browser := find(userAgent, "a browser", "Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari")
	system := find(userAgent, "", "Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS", "macOS", "CrOS", "ChromeOS", "Linux", "Linux")
	if system == "" {
		return browser
	}
	return browser + " on " + system
}

// find returns the name that follows the first sign that is in text.
func find(text, none string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.Contains(text, pairs[i]) {
			return pairs[i+1]
		}
	}
	return none
}

// Clip shortens what a stranger wrote to so many bytes.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
