package source

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"hexhub/internal/kernel/pack"
)

// An Entry is a file or a folder of a release.
type Entry struct {
	Name    string
	Path    string // from the top of the release
	Folder  bool
	Size    int64   // bytes; of a folder, of all files in it
	Entries []Entry // of a folder, folders first
}

// Tree puts files, which are in the order of their paths, into their folders.
func Tree(files []pack.File) []Entry {
	_, entries := tree("", files)
	return entries
}

// tree reads the files that lie below a folder, whose path ends with a slash, from the first of them.
func tree(folder string, files []pack.File) (size int64, entries []Entry) {
	var folders, plain []Entry
	for len(files) > 0 {
		name, _, deeper := strings.Cut(strings.TrimPrefix(files[0].Path, folder), "/")
		e := Entry{Name: name, Path: folder + name, Folder: deeper, Size: files[0].Size}
		n := 1
		if deeper {
			for n < len(files) && strings.HasPrefix(files[n].Path, e.Path+"/") {
				n++
			}
			e.Size, e.Entries = tree(e.Path+"/", files[:n])
			folders = append(folders, e)
		} else {
			plain = append(plain, e)
		}
		size += e.Size
		files = files[n:]
	}
	return size, append(folders, plain...)
}

// Below returns what lies in a folder of the tree; nothing if there is no such folder.
func Below(tree []Entry, folder string) []Entry {
	for _, e := range tree {
		if e.Folder && e.Path == folder {
			return e.Entries
		}
		if e.Folder && strings.HasPrefix(folder, e.Path+"/") {
			return Below(e.Entries, folder)
		}
	}
	return nil
}

// mostFound is how many files Find returns, beyond which one had better type more.
const mostFound = 100

// Find returns the files whose paths have the letters of words in their order, as editors find files: those first whose
// names begin with them, then those that have them together, then others, short paths before long ones.
func Find(files []pack.File, words string) []pack.File {
	words = strings.ToLower(strings.Join(strings.Fields(words), ""))
	if words == "" {
		return nil
	}
	type match struct {
		pack.File
		rank int
	}
	var found []match
	for _, f := range files {
		if rank, ok := rankOf(strings.ToLower(f.Path), words); ok {
			found = append(found, match{f, rank})
		}
	}
	slices.SortStableFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(len(a.Path), len(b.Path)))
	})
	all := make([]pack.File, 0, mostFound)
	for _, m := range found[:min(len(found), mostFound)] {
		all = append(all, m.File)
	}
	return all
}

// rankOf tells how well a path matches, less being better, if it does.
func rankOf(file, words string) (rank int, ok bool) {
	switch name := path.Base(file); {
	case strings.HasPrefix(name, words):
		return 0, true
	case strings.Contains(name, words):
		return 1, true
	case strings.Contains(file, words):
		return 2, true
	}
	rest := words
	for _, c := range file {
		if after, next := strings.CutPrefix(rest, string(c)); next {
			rest = after
		}
	}
	return 3, rest == ""
}

// First returns the file that one wants to see first: the README, else what says how the release is built, else the
// first that lies at the top.
func First(files []pack.File) (pack.File, bool) {
	for _, want := range []string{"readme.md", "readme", "mix.exs", "rebar.config", "gleam.toml"} {
		i := slices.IndexFunc(files, func(f pack.File) bool {
			name := strings.ToLower(f.Path)
			return name == want || want == "readme" && strings.HasPrefix(name, "readme.") && !strings.Contains(name, "/")
		})
		if i >= 0 {
			return files[i], true
		}
	}
	i := slices.IndexFunc(files, func(f pack.File) bool { return !strings.Contains(f.Path, "/") })
	if i < 0 {
		return pack.File{}, false
	}
	return files[i], true
}
