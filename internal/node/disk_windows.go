package node

import "golang.org/x/sys/windows"

// diskSize returns what this process's user may still write to dir's disk, and the size of the disk.
func diskSize(dir string) (free, total uint64, err error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, err
	}
	err = windows.GetDiskFreeSpaceEx(name, &free, &total, nil)
	return free, total, err
}

// openFiles is how many files the process may have open at once; zero, for there is no such limit.
func openFiles() uint64 { return 0 }
