package ui

// A Tab leads to a neighbour of the page.
type Tab struct {
	Path, Words string
	Count       int  // of what is there
	Counted     bool // whether the count is shown
	Current     bool // it is the page itself
}

// Counted is a tab that says how many are there.
func Counted(path, words string, count int) Tab {
	return Tab{Path: path, Words: words, Count: count, Counted: true}
}

// A Group of tabs belongs together, under words or none.
type Group struct {
	Words string
	Tabs  []Tab
}

// current names the tab that is open.
func current(groups []Group) string {
	for _, g := range groups {
		for _, t := range g.Tabs {
			if t.Current {
				return t.Words
			}
		}
	}
	return "sections"
}

// Open marks the tab of the path as the one that is open.
func Open(groups []Group, path string) []Group {
	for _, g := range groups {
		for i := range g.Tabs {
			g.Tabs[i].Current = g.Tabs[i].Path == path
		}
	}
	return groups
}
