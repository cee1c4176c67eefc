// SPDX-License-Identifier: Apache-2.0

package value_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/air/value"
)

func TestParseGivesCanonicalText(t *testing.T) {
	tests := map[string]string{
		`null`: `null`, ` true `: `true`, "\n false": `false`,
		`0`: `0`, `-0`: `-0.0`, `-1`: `-1`, `1.0`: `1.0`, `1e2`: `100.0`, `1.50`: `1.5`,
		`18446744073709551615`: `18446744073709551615`, `18446744073709551616`: `1.8446744073709552e19`,
		`-9223372036854775808`: `-9223372036854775808`, `-9223372036854775809`: `-9.223372036854776e18`,
		`1e16`: `1e16`, `1e15`: `1000000000000000.0`, `0.00001`: `0.00001`, `0.000001`: `1e-6`, `-0.0`: `-0.0`,
		`1.7976931348623157e308`: `1.7976931348623157e308`, `1E+2`: `100.0`, `0e99999999999`: `0.0`, `-1e-99999999999`: `-0.0`,
		`123456.789e3`: `123456789.0`, `1.5e300`: `1.5e300`,
		`"a\/b"`: `"a/b"`, `"\u0041\u00e9"`: `"Aé"`, `"\ud83d\ude00"`: `"😀"`, `"\u001f\u0008\u000c"`: `"\u001f\b\f"`,
		`"\u001F"`: `"\u001f"`, "\"\x7f\u2028</>&\"": "\"\x7f\u2028</>&\"", `"\"\\\n"`: `"\"\\\n"`, `"\u0022"`: `"\""`,
		`[ ]`: `[]`, `[1 , 2]`: `[1,2]`, `{ }`: `{}`,
		`{"b":1, "a" : 1e2}`: `{"a":100.0,"b":1}`, `{"a":1,"a":2}`: `{"a":2}`,
		`{"b":{"d":1,"c":[2, 3]},"a":1,"b":{"z":0,"y":0}}`: `{"a":1,"b":{"y":0,"z":0}}`,
		`{"a\"":1,"a!":2}`: `{"a!":2,"a\"":1}`, `{"a":1,"a\n":2}`: `{"a":1,"a\n":2}`, `{"\n":1,"!":2}`: `{"\n":1,"!":2}`,
		`{"!":1,"\n":2}`: `{"\n":2,"!":1}`, `{"\\":1,"]":2,"[":3}`: `{"[":3,"\\":1,"]":2}`, `{"\\":1,"\"":2}`: `{"\"":2,"\\":1}`,
		`{"\u0001":1,"\u0000":2}`: `{"\u0000":2,"\u0001":1}`, `{"\t":1,"\b":2}`: `{"\b":2,"\t":1}`,
		`  [ {"k" : "v" } ]  `: `[{"k":"v"}]`,
	}
	for in, want := range tests {
		v, err := value.Parse(in)
		if err != nil || v.Text() != want {
			t.Errorf("Parse(%s) = %s, %v; want %s", in, v, err, want)
		}
	}
}

func TestParseRefusesWithAquaVMsText(t *testing.T) {
	tests := map[string]string{
		``:            `EOF while parsing a value at line 1 column 0`,
		`nul`:         `EOF while parsing a value at line 1 column 3`,
		`nil`:         `expected ident at line 1 column 2`,
		`oops`:        `expected value at line 1 column 1`,
		"\n  x":       `expected value at line 2 column 3`,
		`[1`:          `EOF while parsing a list at line 1 column 2`,
		`[1,`:         `EOF while parsing a value at line 1 column 3`,
		`[1,]`:        `trailing comma at line 1 column 4`,
		`[1 2]`:       "expected `,` or `]` at line 1 column 4",
		`{`:           `EOF while parsing an object at line 1 column 1`,
		`{1:2}`:       `key must be a string at line 1 column 2`,
		`{"a" 1}`:     "expected `:` at line 1 column 6",
		`{"a":1,}`:    `trailing comma at line 1 column 8`,
		`{"a":1 "b"}`: "expected `,` or `}` at line 1 column 8",
		`"abc`:        `EOF while parsing a string at line 1 column 4`,
		`"\x"`:        `invalid escape at line 1 column 3`,
		`"\ud800"`:    `unexpected end of hex escape at line 1 column 8`,
		`"\udc00"`:    `lone leading surrogate in hex escape at line 1 column 7`,
		"\"a\nb\"":    `control character (\u0000-\u001F) found while parsing a string at line 2 column 0`,
		`01`:          `invalid number at line 1 column 2`,
		`-`:           `EOF while parsing a value at line 1 column 1`,
		`1.`:          `EOF while parsing a value at line 1 column 2`,
		`1.x`:         `invalid number at line 1 column 3`,
		`1e400`:       `number out of range at line 1 column 5`,
		`1 2`:         `trailing characters at line 1 column 3`,
		strings.Repeat("[", 128) + strings.Repeat("]", 128): `recursion limit exceeded at line 1 column 128`,
	}
	for in, want := range tests {
		_, err := value.Parse(in)
		var syntax *value.SyntaxError
		if !errors.As(err, &syntax) || err.Error() != want {
			t.Errorf("Parse(%q) = %v, want %s", in, err, want)
		}
	}
}
