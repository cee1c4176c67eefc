// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// ErrGenesis reports a genesis file that is missing, not JSON, or not a genesis.
var ErrGenesis = errors.New("genesis refused")

// maxGenesisBytes bounds how much of a genesis file is read.
const maxGenesisBytes = 1 << 30

// ReadGenesis reads a genesis file and says where in it a fault is.
//
// Errors: ErrGenesis.
func ReadGenesis(path string) (*genutiltypes.AppGenesis, error) {
	text, err := readGenesisFile(path)
	if err != nil {
		return nil, err
	}
	g := &genutiltypes.AppGenesis{}
	if err := json.Unmarshal(text, g); err != nil {
		return nil, genesisFault(path, text, err)
	}
	if g.ChainID == "" {
		return nil, term.Hint(fmt.Errorf("%w: %s: chain_id: is missing", ErrGenesis, path), "a genesis starts with the network's name, for example \"chain_id\": \"fluence-local-1\"")
	}
	if len(g.AppState) == 0 {
		return nil, term.Hint(fmt.Errorf("%w: %s: app_state: is missing", ErrGenesis, path), "fetch the genesis again from the network you want to join")
	}
	if err := g.Consensus.ValidateAndComplete(); err != nil {
		return nil, term.Hint(fmt.Errorf("%w: %s: consensus: %w", ErrGenesis, path, err), "fetch the genesis again from the network you want to join")
	}
	return g, nil
}

// ChainID returns the network a genesis file belongs to without decoding its state.
//
// Errors: ErrGenesis.
func ChainID(path string) (string, error) {
	text, err := readGenesisFile(path)
	if err != nil {
		return "", err
	}
	var head struct {
		ChainID *string `json:"chain_id"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return "", genesisFault(path, text, err)
	}
	if head.ChainID == nil || *head.ChainID == "" {
		return "", term.Hint(fmt.Errorf("%w: %s: chain_id: is missing", ErrGenesis, path), "a genesis starts with the network's name, for example \"chain_id\": \"fluence-local-1\"")
	}
	return *head.ChainID, nil
}

func readGenesisFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, term.Hint(fmt.Errorf("%w: %s: file is missing", ErrGenesis, path), "fetch the network's genesis.json into that place, or make a new one with: fluenced init")
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrGenesis, err)
	case info.Size() > maxGenesisBytes:
		return nil, fmt.Errorf("%w: %s: has %d bytes, at most %d are read", ErrGenesis, path, info.Size(), maxGenesisBytes)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGenesis, err)
	}
	return text, nil
}

// genesisFault turns a JSON error into file, line, key and remedy.
func genesisFault(path string, text []byte, err error) error {
	fe := &FileError{Path: path, Msg: err.Error(), Fix: "fetch the genesis again, or correct the line named above"}
	var se *json.SyntaxError
	var te *json.UnmarshalTypeError
	switch {
	case errors.As(err, &se):
		fe.Line = lineAt(text, se.Offset)
	case errors.As(err, &te):
		fe.Line, fe.Key = lineAt(text, te.Offset), te.Field
		fe.Msg = fmt.Sprintf("is a JSON %s, want %s", te.Value, te.Type)
	}
	if strings.Contains(fe.Msg, "unexpected end") {
		fe.Fix = "the file is cut short: fetch the genesis again"
	}
	return term.Hint(fmt.Errorf("%w: %w", ErrGenesis, fe), "%s", fe.Fix)
}

// lineAt returns the line, from 1, on which the byte at offset stands.
func lineAt(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(max(offset, 0), int64(len(text)))], []byte("\n"))
}
