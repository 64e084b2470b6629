package main

import (
	"io"
	"os"
	"path/filepath"
)

// writeWhole writes to a file whole or not at all, or to standard output if
// the file is "".
func writeWhole(file string, stdout io.Writer, write func(io.Writer) error) error {
	if file == "" {
		return write(stdout)
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".vsswhy-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // nothing is left of it once it was renamed
	if err := write(tmp); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}
