package packages

import (
	paths "path"
	"slices"
	"strconv"
)

// A changedFolder is files of one folder.
type changedFolder struct {
	Path  string // empty for the top
	Files []listedFile
}

// A listedFile is one as the tree has it.
type listedFile struct {
	changedFile
	To string // where the file is shown, or is about to be
}

// folders are the files of the tree by the folder that they are in.
func (v *diffView) folders() (all []changedFolder) {
	for _, f := range v.listed() {
		folder := paths.Dir(f.Path)
		if folder == "." {
			folder = ""
		}
		if i := slices.IndexFunc(all, func(c changedFolder) bool { return c.Path == folder }); i >= 0 {
			all[i].Files = append(all[i].Files, f)
			continue
		}
		all = append(all, changedFolder{folder, []listedFile{f}})
	}
	return all
}

// listed are all files that differ, whichever page they are on; of very many, those of this page.
func (v *diffView) listed() (all []listedFile) {
	whole := len(v.Found.Files) <= filesInTree
	for i, f := range v.Found.Files {
		page, id := i/filesListed+1, idOf(f.Path)
		switch to := "#" + id; {
		case page == v.Paging.Page:
			all = append(all, listedFile{changedFile{File: f, ID: id}, to})
		case whole:
			all = append(all, listedFile{changedFile{File: f, ID: id}, v.at("page", strconv.Itoa(page)) + to})
		}
	}
	return all
}
