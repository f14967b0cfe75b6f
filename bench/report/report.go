//go:build linux

// Package report writes what a measurement found, in Markdown: tables, and the machine and the disk that the
// numbers are to be seen against. It knows nothing of what is measured.
package report

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Machine tells what the numbers are to be seen against: processors, kernel, the file system below dir, and Go.
func Machine(dir string) string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "model name"); ok {
				model = strings.Trim(rest, "\t :\n")
				break
			}
		}
	}
	disk := "unknown file system"
	if out, err := exec.Command("stat", "-f", "-c", "%T", dir).Output(); err == nil {
		disk = strings.TrimSpace(string(out))
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%d × %s, Linux %s, data on %s, %s.", runtime.NumCPU(), model, strings.TrimSpace(string(kernel)), disk, runtime.Version())
}

// Calibrate writes what one fdatasync after another of a small write in dir costs, measured for so long. When
// says which time this is, such as before or after.
func Calibrate(w io.Writer, dir, when string, within time.Duration) error {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return err
	}
	defer f.Close()
	var took []time.Duration
	block := make([]byte, 4096)
	began := time.Now()
	for time.Since(began) < within {
		one := time.Now()
		if _, err := f.WriteAt(block, 0); err != nil {
			return err
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return err
		}
		took = append(took, time.Since(one))
	}
	fmt.Fprintf(w, "Disk %s: %s writes of 4 KiB with fdatasync a second, p50 %s, p99 %s.\n\n",
		when, PerSecond(len(took), time.Since(began)), Time(Percentile(took, 50)), Time(Percentile(took, 99)))
	return nil
}

// Table writes rows, the first of which is the head.
func Table(w io.Writer, title string, rows [][]string) {
	fmt.Fprintf(w, "### %s\n\n", title)
	for i, row := range rows {
		fmt.Fprintln(w, "| "+strings.Join(row, " | ")+" |")
		if i == 0 {
			fmt.Fprintln(w, "|"+strings.Repeat("---|", len(row)))
		}
	}
	fmt.Fprintln(w)
}

// Percentile sorts all, and returns the value that p percent do not exceed; zero for none.
func Percentile(all []time.Duration, p int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)*p/100, len(all)-1)]
}

// PerSecond tells how many a second n in that time are.
func PerSecond(n int, took time.Duration) string {
	return fmt.Sprintf("%.0f", float64(n)/took.Seconds())
}

// Time rounds a time to what is worth reading.
func Time(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
