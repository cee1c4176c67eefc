// SPDX-License-Identifier: Apache-2.0

package marine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-fluence/fluence/peer/marine/it"
)

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// serviceName makes an Aqua name of a service, which begins with a capital.
func serviceName(given, file string) string {
	if given != "" {
		return given
	}
	base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	var out strings.Builder
	for _, word := range strings.FieldsFunc(base, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		first, n := utf8.DecodeRuneInString(word)
		out.WriteString(string(unicode.ToUpper(first)) + word[n:])
	}
	if out.Len() == 0 || !unicode.IsLetter([]rune(out.String())[0]) {
		return "Service"
	}
	return out.String()
}

// aqua prints data types, those that others need first, and the service.
func aqua(in *it.Interface, name, id string) (string, error) {
	records, err := in.PublicRecords()
	if err != nil {
		return "", err
	}
	fns, err := in.Functions()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, r := range records {
		def, err := in.RecordType(r)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "data %s:\n", def.Name)
		for _, f := range def.Fields {
			fmt.Fprintf(&b, "  %s: %s\n", f.Name, in.TypeName(f.Type))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "service %s", name)
	if id != "" {
		fmt.Fprintf(&b, "(%q)", id)
	}
	b.WriteString(":\n")
	for _, f := range fns {
		parts := make([]string, len(f.Sig.Fields))
		for i, a := range f.Sig.Fields {
			parts[i] = a.Name + ": " + in.TypeName(a.Type)
		}
		fmt.Fprintf(&b, "  %s(%s)", f.Name, strings.Join(parts, ", "))
		if len(f.Sig.Outputs) == 1 {
			fmt.Fprintf(&b, " -> %s", in.TypeName(f.Sig.Outputs[0]))
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}
