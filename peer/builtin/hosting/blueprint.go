// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

const blueprintSuffix = "_blueprint.toml"

// Bounds of a blueprint.
const (
	maxBlueprintBytes = 64 << 10
	maxDependencies   = 64
)

// Blueprint is the recipe of a service: its modules in the order of linking. Its
// id is the CID of its text.
type Blueprint struct {
	Name         string   `toml:"name" json:"name"`
	ID           string   `toml:"id" json:"id"`
	Dependencies []string `toml:"dependencies" json:"dependencies"` // CIDs
	Deal         bool     `toml:"deal,omitempty" json:"-"`
}

// recipe is a blueprint in DAG-JSON, its keys in the order of the alphabet.
type recipe struct {
	Dependencies []link `json:"dependencies"`
	Name         string `json:"name"`
}

// link is a CID in DAG-JSON.
type link struct {
	CID string `json:"/"`
}

// BlueprintText returns the DAG-JSON text of a blueprint, the bytes that its id is
// the CID of.
func BlueprintText(name string, dependencies []string) ([]byte, error) {
	r := recipe{Name: name, Dependencies: []link{}}
	for _, d := range dependencies {
		r.Dependencies = append(r.Dependencies, link{d})
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return nil, err
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

// readRecipe reads a blueprint in DAG-JSON.
func readRecipe(text []byte) (Blueprint, error) {
	var r recipe
	if len(text) > maxBlueprintBytes {
		return Blueprint{}, fmt.Errorf("%w: %d bytes, at most %d", ErrBlueprint, len(text), maxBlueprintBytes)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return Blueprint{}, fmt.Errorf("%w: %w", ErrBlueprint, err)
	}
	b := Blueprint{Name: r.Name, Dependencies: []string{}}
	for _, d := range r.Dependencies {
		b.Dependencies = append(b.Dependencies, d.CID)
	}
	return b, nil
}

// AddBlueprint keeps a blueprint and returns its id. Its modules need not be there
// yet.
//
// Errors: ErrBlueprint, ErrName, those of the store.
func (s *Services) AddBlueprint(name string, dependencies []string) (string, error) {
	return s.addBlueprint(name, dependencies, false)
}

func (s *Services) addBlueprint(name string, dependencies []string, deal bool) (string, error) {
	if err := checkName("blueprint", name); err != nil {
		return "", err
	}
	if len(dependencies) == 0 || len(dependencies) > maxDependencies {
		return "", fmt.Errorf("%w: %d modules; a blueprint has 1 to %d", ErrBlueprint, len(dependencies), maxDependencies)
	}
	for _, d := range dependencies {
		if _, err := dag.Parse(d); err != nil {
			return "", fmt.Errorf("%w: %w", ErrBlueprint, err)
		}
	}
	text, err := BlueprintText(name, dependencies)
	if err != nil {
		return "", err
	}
	root, err := dag.Root(text)
	if err != nil {
		return "", err
	}
	b := Blueprint{Name: name, ID: root.String(), Dependencies: slices.Clone(dependencies), Deal: deal}
	s.change.Lock()
	defer s.change.Unlock()
	s.mu.Lock()
	had, ok := s.blueprints[b.ID]
	count := len(s.blueprints)
	s.mu.Unlock()
	if ok && (!had.Deal || deal) {
		return b.ID, nil
	}
	if count >= s.limits.Modules {
		return "", fmt.Errorf("%w: %d blueprints are kept", ErrLimit, count)
	}
	if err := s.putTOML(b.ID+blueprintSuffix, b); err != nil {
		return "", err
	}
	s.mu.Lock()
	s.blueprints[b.ID] = b
	s.mu.Unlock()
	return b.ID, nil
}

// Blueprint returns a blueprint.
//
// Errors: ErrNoBlueprint.
func (s *Services) Blueprint(id string) (Blueprint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.blueprints[id]
	if !ok {
		return b, texted(ErrNoBlueprint, "Blueprint '%s' wasn't found", clip(id))
	}
	return b, nil
}

// Blueprints returns all blueprints by id.
func (s *Services) Blueprints() []Blueprint {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Collect(maps.Values(s.blueprints))
	slices.SortFunc(list, func(a, b Blueprint) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// clip keeps a foreign text short in an error.
func clip(s string) string {
	if len(s) <= maxName {
		return s
	}
	return strings.ToValidUTF8(s[:maxName], "") + "…"
}
