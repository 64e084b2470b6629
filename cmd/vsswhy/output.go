package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// temporary is how files are called until they are whole.
const temporary = ".vsswhy-*"

// writeWhole writes to a file whole or not at all, or to standard output if
// the file is "".
func writeWhole(file string, stdout io.Writer, write func(io.Writer) error) error {
	if file == "" {
		return write(stdout)
	}
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target // a link stays one
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return writeInto(file, write) // a device or a pipe is written to, not replaced
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), temporary)
	if err != nil {
		return notWritten(file, err)
	}
	defer os.Remove(tmp.Name()) // nothing is left of it once it was renamed
	defer tmp.Close()           // also if write panics: Windows removes no open file
	if err := cmp.Or(buffered(tmp, write), tmp.Sync(), tmp.Close()); err != nil {
		return notWritten(file, err)
	}
	return os.Rename(tmp.Name(), file)
}

// notInput is an error if a file that is to be written is one that is to be read: that
// may be the only copy of what a customer sent.
func notInput(file string, paths []string) error {
	for _, p := range paths {
		if file != "" && sameFile(file, p) && !isDevice(file) {
			return fmt.Errorf("%s is read, and can't be written", file)
		}
	}
	return nil
}

func isDevice(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode()&fs.ModeDevice != 0
}

// notWritten says that a file could not be written, and why; not what it was called
// until then.
func notWritten(file string, why error) error {
	var at *fs.PathError
	if errors.As(why, &at) {
		why = at.Err
	}
	return fmt.Errorf("%s could not be written: %w", file, why)
}

func writeInto(file string, write func(io.Writer) error) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// buffered has write write in large pieces: templates write word by word. An error of
// writing is not lost, if write looks at none.
func buffered(to io.Writer, write func(io.Writer) error) error {
	w := bufio.NewWriterSize(to, 64<<10)
	return cmp.Or(write(w), w.Flush())
}
