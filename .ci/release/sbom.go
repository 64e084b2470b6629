package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// The parts list is CycloneDX 1.6: https://cyclonedx.org/docs/1.6/json/
type (
	bom struct {
		Schema       string       `json:"$schema"`
		Format       string       `json:"bomFormat"`
		Spec         string       `json:"specVersion"`
		Version      int          `json:"version"`
		Metadata     bomMetadata  `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	bomMetadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Ref        string       `json:"bom-ref"`
		Type       string       `json:"type"`
		Name       string       `json:"name"`
		Version    string       `json:"version"`
		Hashes     []bomHash    `json:"hashes,omitempty"`
		Licences   []bomLicence `json:"licenses"`
		PURL       string       `json:"purl"`
		Properties []property   `json:"properties,omitempty"`
	}
	bomHash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	bomLicence struct {
		License struct {
			ID string `json:"id"`
		} `json:"license"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn,omitempty"`
	}
)

const module = "github.com/vsswhy/vsswhy"

// bom lists the parts of a binary for machines.
func (r *release) bom(parts []part, system string, binary []byte) ([]byte, error) {
	goos, goarch, _ := strings.Cut(system, "/")
	sum := sha256.Sum256(binary)
	main := newComponent("application", module, r.version, "Apache-2.0")
	main.PURL = fmt.Sprintf("pkg:golang/%s@%s?goarch=%s&goos=%s&type=module#cmd/%s", module, r.version, goarch, goos, program)
	main.Hashes = []bomHash{{"SHA-256", hex.EncodeToString(sum[:])}}
	main.Properties = []property{{"vsswhy:commit", r.commit}, {"vsswhy:system", system}}
	b := bom{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", Spec: "1.6", Version: 1,
		Metadata:     bomMetadata{r.time.Format(time.RFC3339), main},
		Dependencies: []dependency{{Ref: main.Ref}},
	}
	for _, p := range parts {
		c := newComponent("library", p.path, p.version, p.licence)
		if p.sum != "" {
			c.Properties = []property{{"go:checksum", p.sum}} // of the module's files, as in go.sum
		}
		b.Components = append(b.Components, c)
		b.Dependencies[0].DependsOn = append(b.Dependencies[0].DependsOn, c.Ref)
		b.Dependencies = append(b.Dependencies, dependency{Ref: c.Ref})
	}
	text, err := json.MarshalIndent(b, "", "  ")
	return append(text, '\n'), err
}

func newComponent(kind, name, version, licence string) component {
	purl := fmt.Sprintf("pkg:golang/%s@%s?type=module", name, version)
	c := component{Ref: purl, Type: kind, Name: name, Version: version, PURL: purl, Licences: make([]bomLicence, 1)}
	c.Licences[0].License.ID = licence
	return c
}
