// SPDX-License-Identifier: Apache-2.0

package marine

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/marine/it"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// infoDoc is what `marine info --json` prints; fields are only added.
type infoDoc struct {
	SHA256    string            `json:"sha256_hex"`
	Size      int               `json:"size"`
	SDK       string            `json:"sdk_version"`
	IT        string            `json:"it_version"`
	Manifest  *manifestDoc      `json:"manifest"`
	Imports   []importDoc       `json:"imports"`
	Pages     uint32            `json:"memory_pages_min"`
	Functions int               `json:"core_functions"`
	Interface service.Interface `json:"interface"`
}

type manifestDoc struct {
	Authors     string `json:"authors"`
	Version     string `json:"version"`
	Description string `json:"description"`
	Repository  string `json:"repository"`
	BuildTime   string `json:"build_time"`
}

type importDoc struct {
	Module string `json:"module"`
	Name   string `json:"name"`
}

func infoCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info FILE",
		Short: "Print versions, imports and functions of a module",
		Long: `Print versions, imports and functions of a module.

  $ fluenced marine info greeting.wasm
  $ fluenced marine info --json greeting.wasm`,
		Args: args("module"),
		RunE: func(cmd *cobra.Command, args []string) error {
			doc, in, err := inspect(cmd, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), doc)
			}
			return doc.print(cmd.OutOrStdout(), in)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func inspect(cmd *cobra.Command, name string) (*infoDoc, *it.Interface, error) {
	wasm, m, err := readModule(cmd, name)
	if err != nil {
		return nil, nil, err
	}
	in, info, err := service.Inspect(name, m)
	if err != nil {
		return nil, nil, term.Hint(err, "a module gets its interface types from: fluenced marine build")
	}
	core, err := m.Core(wasmbin.Limits{})
	if err != nil {
		return nil, nil, err
	}
	doc := &infoDoc{SHA256: hash(wasm), Size: len(wasm), SDK: info.SDK, IT: info.IT, Functions: len(core.Funcs), Imports: []importDoc{}}
	if doc.Interface, err = service.Describe(in); err != nil {
		return nil, nil, err
	}
	if a := info.Manifest; a != nil {
		doc.Manifest = &manifestDoc{a.Authors, a.Version, a.Description, a.Repository, a.BuildTime}
	}
	for _, im := range core.Imports {
		doc.Imports = append(doc.Imports, importDoc{im.Module, im.Name})
	}
	if len(core.Memories) > 0 {
		doc.Pages = core.Memories[0].Min
	}
	return doc, in, nil
}

func (d *infoDoc) print(w io.Writer, in *it.Interface) error {
	rows := [][]string{{"sha256", d.SHA256}, {"size", fmt.Sprintf("%d bytes", d.Size)}, {"sdk version", d.SDK}, {"it version", d.IT}, {"memory", fmt.Sprintf("%d pages at start", d.Pages)}}
	if a := d.Manifest; a != nil {
		rows = append(rows, [][]string{{"authors", a.Authors}, {"version", a.Version}, {"description", a.Description}, {"repository", a.Repository}, {"built", a.BuildTime}}...)
	}
	byModule := map[string][]string{}
	var order []string
	for _, im := range d.Imports {
		if byModule[im.Module] == nil {
			order = append(order, im.Module)
		}
		byModule[im.Module] = append(byModule[im.Module], im.Name)
	}
	for _, m := range order {
		rows = append(rows, []string{"imports " + m, strings.Join(byModule[m], " ")})
	}
	if err := term.Table(w, []string{"FIELD", "VALUE"}, rows); err != nil {
		return err
	}
	fns, err := in.Functions()
	if err != nil {
		return err
	}
	for _, f := range fns {
		if _, err := fmt.Fprintf(w, "%s%s\n", f.Name, signature(in, f.Sig)); err != nil {
			return err
		}
	}
	return nil
}

// signature prints the arguments and result of a function.
func signature(in *it.Interface, sig it.TypeDef) string {
	parts := make([]string, len(sig.Fields))
	for i, f := range sig.Fields {
		parts[i] = f.Name + ": " + in.TypeName(f.Type)
	}
	s := "(" + strings.Join(parts, ", ") + ")"
	if len(sig.Outputs) == 1 {
		s += " -> " + in.TypeName(sig.Outputs[0])
	}
	return s
}

func itCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "it FILE",
		Short: "Print the interface types of a module as text",
		Long: `Print the interface types of a module as text, its adapter programs included.

  $ fluenced marine it greeting.wasm`,
		Args: args("module"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, _, err := readInterface(cmd, args[0])
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), in.Text())
			return err
		},
	}
}

func aquaCommand() *cobra.Command {
	var name, id string
	cmd := &cobra.Command{
		Use:   "aqua FILE",
		Short: "Print the Aqua definition of a module's service",
		Long: `Print the Aqua definition of a module's service: its data types and its functions.

  $ fluenced marine aqua greeting.wasm --service Greeting`,
		Args: args("module"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, _, err := readInterface(cmd, args[0])
			if err != nil {
				return err
			}
			text, err := aqua(in, serviceName(name, args[0]), id)
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), text)
			return err
		},
	}
	cmd.Flags().StringVar(&name, "service", "", "name of the service in Aqua (default: from the file name)")
	cmd.Flags().StringVar(&id, "id", "", "default service id to write behind the name")
	return cmd
}
