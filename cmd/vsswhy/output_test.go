package main

import (
	"io"
	"os"
	"testing"
)

// TestDevicesStay: what is written to a device goes there, and does not take its
// place.
func TestDevicesStay(t *testing.T) {
	before, err := os.Stat(os.DevNull)
	if err != nil || before.Mode().IsRegular() {
		t.Skipf("no device %s: %v", os.DevNull, err)
	}
	err = writeWhole(os.DevNull, nil, func(w io.Writer) error {
		_, err := io.WriteString(w, "report")
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if after, err := os.Stat(os.DevNull); err != nil || after.Mode() != before.Mode() {
		t.Errorf("%v, was %v; %v", after.Mode(), before.Mode(), err)
	}
}
