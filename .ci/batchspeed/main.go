// Command batchspeed measures vsswhy batch against what it can't be faster than: the
// same archives, merely unpacked with the same library on all cores.
//
//	python3 ../shared/tools/grow_evtx.py ../shared/data/plaso/System.evtx log.evtx 20
//	go run ./.ci/batchspeed -bundles 200 log.evtx
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/klauspost/compress/zip"
)

func main() {
	log.SetFlags(0)
	bundles := flag.Int("bundles", 200, "how many archives of the log")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: batchspeed [-bundles N] LOG.evtx")
	}
	if err := measure(flag.Arg(0), *bundles); err != nil {
		log.Fatal(err)
	}
}

func measure(path string, n int) error {
	dir, err := os.MkdirTemp("", "batchspeed")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "vsswhy")
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/vsswhy").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	size, names, err := pack(path, dir, n)
	if err != nil {
		return err
	}
	if _, err := unpackAll(names); err != nil { // into the page cache
		return err
	}
	unpacked, err := unpackAll(names)
	if err != nil {
		return err
	}
	cmd := exec.Command(program, append([]string{"batch", "--out", filepath.Join(dir, "out")}, names...)...)
	cmd.Stderr = os.Stderr
	start := time.Now()
	err = cmd.Run()
	took := time.Since(start)
	if code := cmd.ProcessState.ExitCode(); err != nil && code != 3 {
		return err
	}
	mb := float64(size) * float64(n) / 1e6
	fmt.Printf("%d bundles, %.0f MB unpacked\n", n, mb)
	fmt.Printf("unpacking alone  %8s  %6.0f MB/s\n", unpacked.Round(time.Millisecond), mb/unpacked.Seconds())
	fmt.Printf("vsswhy batch     %8s  %6.0f MB/s  %.0f %% of unpacking (wanted 80 %%)\n", took.Round(time.Millisecond), mb/took.Seconds(), 100*unpacked.Seconds()/took.Seconds())
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		fmt.Printf("resident at most %d MiB (wanted 512)\n", usage.Maxrss>>10)
	}
	return nil
}

// pack makes n archives of the log.
func pack(path, dir string, n int) (size int64, names []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, nil, err
	}
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("bundle%03d.zip", i))
		if i > 0 {
			names = append(names, name)
			if err := os.Link(names[0], name); err != nil {
				return 0, nil, err
			}
			continue
		}
		names = append(names, name)
		if err := packOne(name, text); err != nil {
			return 0, nil, err
		}
	}
	return int64(len(text)), names, nil
}

func packOne(name string, text []byte) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := zip.NewWriter(f)
	m, err := w.Create("System.evtx")
	if err == nil {
		_, err = m.Write(text)
	}
	if err != nil {
		return err
	}
	return w.Close()
}

// unpackAll unpacks every archive, on all cores.
func unpackAll(names []string) (time.Duration, error) {
	start := time.Now()
	next := make(chan string)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for name := range next {
				if err := unpack(name); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
			}
		})
	}
	for _, name := range names {
		next <- name
	}
	close(next)
	wg.Wait()
	return time.Since(start), failed
}

func unpack(name string) error {
	r, err := zip.OpenReader(name)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, f := range r.File {
		m, err := f.Open()
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, m)
		m.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
