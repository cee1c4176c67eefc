// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/gogoproto/proto"

	"github.com/go-fluence/fluence/x/market/types"
)

// GrantAccess puts accounts on the whitelist.
//
// Errors: ErrNotAuthority, ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) GrantAccess(ctx context.Context, msg *types.MsgGrantAccess) (*types.MsgGrantAccessResponse, error) {
	return &types.MsgGrantAccessResponse{}, s.access(ctx, msg.Authority, msg.Accounts, s.k.approved.Set,
		func(a string) proto.Message { return &types.EventWhitelistAccessGranted{Account: a} })
}

// RevokeAccess takes accounts off the whitelist. Commitments that run stay.
//
// Errors: ErrNotAuthority, ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) RevokeAccess(ctx context.Context, msg *types.MsgRevokeAccess) (*types.MsgRevokeAccessResponse, error) {
	return &types.MsgRevokeAccessResponse{}, s.access(ctx, msg.Authority, msg.Accounts, s.k.approved.Remove,
		func(a string) proto.Message { return &types.EventWhitelistAccessRevoked{Account: a} })
}

// access changes the whitelist for a list of accounts.
func (s msgServer) access(ctx context.Context, authority string, accounts []string, change func(context.Context, []byte) error, event func(string) proto.Message) error {
	if err := s.authorized(ctx, authority); err != nil {
		return err
	}
	if err := batch("accounts", len(accounts)); err != nil {
		return err
	}
	addrs, names, err := s.accounts("accounts", accounts)
	if err != nil {
		return err
	}
	for i, addr := range addrs {
		if err := change(ctx, addr); err != nil {
			return err
		}
		if err := emit(ctx, event(names[i])); err != nil {
			return err
		}
	}
	return nil
}

func (s msgServer) accounts(field string, in []string) (addrs [][]byte, names []string, err error) {
	for _, a := range in {
		addr, name, err := s.k.account(field, a)
		if err != nil {
			return nil, nil, err
		}
		addrs, names = append(addrs, addr), append(names, name)
	}
	return addrs, names, nil
}

// SetAuditors registers, renames and removes auditors. What a removed one said
// stays recorded and does not count.
//
// Errors: ErrNotAuthority, ErrNotAuditor, ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) SetAuditors(ctx context.Context, msg *types.MsgSetAuditors) (*types.MsgSetAuditorsResponse, error) {
	if err := s.authorized(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if err := batch("set, remove", len(msg.Set)+len(msg.Remove)); err != nil {
		return nil, err
	}
	set := make([]string, len(msg.Set))
	for i, a := range msg.Set {
		set[i] = a.Address
		if err := types.CheckText("name", a.Name, 1, types.MaxNameBytes); err != nil {
			return nil, err
		}
	}
	setAddrs, setNames, err := s.accounts("set", set)
	if err != nil {
		return nil, err
	}
	gone, goneNames, err := s.accounts("remove", msg.Remove)
	if err != nil {
		return nil, err
	}
	for i, addr := range gone {
		if _, err := get(ctx, s.k.auditors, addr, types.ErrNotAuditor, goneNames[i]); err != nil {
			return nil, err
		}
	}
	for i, addr := range gone {
		if err := s.k.auditors.Remove(ctx, addr); err != nil {
			return nil, err
		}
		if err := emit(ctx, &types.EventAuditorRemoved{Auditor: goneNames[i]}); err != nil {
			return nil, err
		}
	}
	for i, addr := range setAddrs {
		if err := s.k.auditors.Set(ctx, addr, types.Auditor{Address: setNames[i], Name: msg.Set[i].Name}); err != nil {
			return nil, err
		}
		if err := emit(ctx, &types.EventAuditorSet{Auditor: setNames[i], Name: msg.Set[i].Name}); err != nil {
			return nil, err
		}
	}
	return &types.MsgSetAuditorsResponse{}, nil
}

// SignAttributes records what a registered auditor says of a provider. The
// auditor's signature is that of the transaction.
//
// Errors: ErrNotAuditor, ErrProviderNotFound, ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) SignAttributes(ctx context.Context, msg *types.MsgSignAttributes) (*types.MsgSignAttributesResponse, error) {
	auditor, name, err := s.k.account("auditor", msg.Auditor)
	if err != nil {
		return nil, err
	}
	if _, err := get(ctx, s.k.auditors, auditor, types.ErrNotAuditor, name); err != nil {
		return nil, err
	}
	provider, p, err := s.provider(ctx, msg.Provider)
	if err != nil {
		return nil, err
	}
	if err := batch("attributes", len(msg.Attributes)); err != nil {
		return nil, err
	}
	for i, a := range msg.Attributes {
		if err := types.CheckAttribute(a.Key, a.Value); err != nil {
			return nil, err
		}
		if i > 0 && msg.Attributes[i-1].Key >= a.Key {
			return nil, types.ErrInvalidField.Wrapf("attributes[%d]: want them ascending by key and distinct", i)
		}
	}
	height := sdk.UnwrapSDKContext(ctx).BlockHeight()
	for _, a := range msg.Attributes {
		v := types.Attribute{Provider: p.Address, Auditor: name, Key: a.Key, Value: a.Value, Height: height}
		if err := s.k.attributes.Set(ctx, collections.Join3(provider, auditor, a.Key), v); err != nil {
			return nil, err
		}
		if err := emit(ctx, &types.EventAttributeSigned{Provider: p.Address, Auditor: name, Key: a.Key, Value: a.Value}); err != nil {
			return nil, err
		}
	}
	return &types.MsgSignAttributesResponse{}, nil
}

// DeleteAttributes takes back what the sender said as an auditor.
//
// Errors: ErrAttributeNotFound, ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) DeleteAttributes(ctx context.Context, msg *types.MsgDeleteAttributes) (*types.MsgDeleteAttributesResponse, error) {
	auditor, name, err := s.k.account("auditor", msg.Auditor)
	if err != nil {
		return nil, err
	}
	provider, of, err := s.k.account("provider", msg.Provider)
	if err != nil {
		return nil, err
	}
	if err := batch("keys", len(msg.Keys)); err != nil {
		return nil, err
	}
	for i, key := range msg.Keys {
		if i > 0 && msg.Keys[i-1] >= key {
			return nil, types.ErrInvalidField.Wrapf("keys[%d]: want them ascending and distinct", i)
		}
		if err := types.CheckAttribute(key, "-"); err != nil {
			return nil, err
		}
		if _, err := get(ctx, s.k.attributes, collections.Join3(provider, auditor, key), types.ErrAttributeNotFound, key); err != nil {
			return nil, err
		}
	}
	for _, key := range msg.Keys {
		if err := s.k.attributes.Remove(ctx, collections.Join3(provider, auditor, key)); err != nil {
			return nil, err
		}
		if err := emit(ctx, &types.EventAttributeDeleted{Provider: of, Auditor: name, Key: key}); err != nil {
			return nil, err
		}
	}
	return &types.MsgDeleteAttributesResponse{}, nil
}
