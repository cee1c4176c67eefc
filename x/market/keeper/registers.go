// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/market/types"
)

// UpdateParams replaces the params. What was accepted under others stays.
//
// Errors: ErrNotAuthority, ErrInvalidParams.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := s.authorized(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	old, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, d := range msg.Params.PaymentDenoms {
		if !old.Pays(d) {
			errs = append(errs, emit(ctx, &types.EventPaymentTokenAddedToWhitelist{Denom: d}))
		}
	}
	for _, d := range old.PaymentDenoms {
		if !msg.Params.Pays(d) {
			errs = append(errs, emit(ctx, &types.EventPaymentTokenRemovedFromWhitelist{Denom: d}))
		}
	}
	for _, c := range []struct {
		kind      uint32
		from, now uint64
	}{
		{types.ConstantMinProtocol, old.MinProtocolVersion, msg.Params.MinProtocolVersion},
		{types.ConstantMaxProtocol, old.MaxProtocolVersion, msg.Params.MaxProtocolVersion},
		{types.ConstantMaxUnits, old.MaxUnitsPerProvider, msg.Params.MaxUnitsPerProvider},
	} {
		if c.from != c.now {
			errs = append(errs, emit(ctx, &types.EventConstantUpdated{ConstantType: c.kind, NewValue: c.now}))
		}
	}
	return &types.MsgUpdateParamsResponse{}, errors.Join(append(errs, s.k.params.Set(ctx, msg.Params))...)
}

// RegisterResources adds kinds of resources under the next ids.
//
// Errors: ErrNotAuthority, ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) RegisterResources(ctx context.Context, msg *types.MsgRegisterResources) (*types.MsgRegisterResourcesResponse, error) {
	if err := s.authorized(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if err := batch("resources", len(msg.Resources)); err != nil {
		return nil, err
	}
	next, err := nextID(ctx, s.k.resources)
	if err != nil {
		return nil, err
	}
	rs, res := slices.Clone(msg.Resources), &types.MsgRegisterResourcesResponse{}
	for i := range rs {
		if rs[i].Id != 0 {
			return nil, types.ErrInvalidField.Wrapf("resources[%d] id: want 0, the chain gives it", i)
		}
		rs[i].Id = next + uint64(i)
		if err := rs[i].Validate(); err != nil {
			return nil, err
		}
		res.Ids = append(res.Ids, rs[i].Id)
	}
	for _, r := range rs {
		if err := s.k.resources.Set(ctx, r.Id, r); err != nil {
			return nil, err
		}
		if err := emit(ctx, &types.EventResourceCreated{ResourceId: r.Id, Type: r.Type, Metadata: r.Metadata}); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// nextID returns the number after the greatest key.
func nextID[V any](ctx context.Context, m collections.Map[uint64, V]) (uint64, error) {
	next := uint64(1)
	err := m.Walk(ctx, new(collections.Range[uint64]).Descending(), func(id uint64, _ V) (bool, error) {
		next = id + 1
		return true, nil
	})
	return next, err
}

// UpdateResource changes the metadata of a resource.
//
// Errors: ErrNotAuthority, ErrResourceNotFound, ErrInvalidField.
func (s msgServer) UpdateResource(ctx context.Context, msg *types.MsgUpdateResource) (*types.MsgUpdateResourceResponse, error) {
	if err := s.authorized(ctx, msg.Authority); err != nil {
		return nil, err
	}
	r, err := s.k.Resource(ctx, msg.Id)
	if err != nil {
		return nil, err
	}
	r.Metadata = msg.Metadata
	if err := r.Validate(); err != nil {
		return nil, err
	}
	if err := s.k.resources.Set(ctx, r.Id, r); err != nil {
		return nil, err
	}
	return &types.MsgUpdateResourceResponse{}, emit(ctx, &types.EventResourceMetadataUpdated{ResourceId: r.Id, Metadata: r.Metadata})
}

// CreateDataCenters adds data centers under the next ids.
//
// Errors: ErrNotAuthority, ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) CreateDataCenters(ctx context.Context, msg *types.MsgCreateDataCenters) (*types.MsgCreateDataCentersResponse, error) {
	if err := s.authorized(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if err := batch("data_centers", len(msg.DataCenters)); err != nil {
		return nil, err
	}
	next, err := nextID(ctx, s.k.dataCenters)
	if err != nil {
		return nil, err
	}
	ds, res := slices.Clone(msg.DataCenters), &types.MsgCreateDataCentersResponse{}
	for i := range ds {
		if ds[i].Id != 0 {
			return nil, types.ErrInvalidField.Wrapf("data_centers[%d] id: want 0, the chain gives it", i)
		}
		ds[i].Id = next + uint64(i)
		if err := ds[i].Validate(); err != nil {
			return nil, err
		}
		res.Ids = append(res.Ids, ds[i].Id)
	}
	for _, d := range ds {
		if err := s.k.dataCenters.Set(ctx, d.Id, d); err != nil {
			return nil, err
		}
		e := types.EventDatacenterCreated(d)
		if err := emit(ctx, &e); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// UpdateDataCenter changes tier and certifications of a data center.
//
// Errors: ErrNotAuthority, ErrDataCenterNotFound, ErrInvalidField.
func (s msgServer) UpdateDataCenter(ctx context.Context, msg *types.MsgUpdateDataCenter) (*types.MsgUpdateDataCenterResponse, error) {
	if err := s.authorized(ctx, msg.Authority); err != nil {
		return nil, err
	}
	d, err := get(ctx, s.k.dataCenters, msg.Id, types.ErrDataCenterNotFound, msg.Id)
	if err != nil {
		return nil, err
	}
	d.Tier, d.Certifications = msg.Tier, msg.Certifications
	if err := d.Validate(); err != nil {
		return nil, err
	}
	if err := s.k.dataCenters.Set(ctx, d.Id, d); err != nil {
		return nil, err
	}
	return &types.MsgUpdateDataCenterResponse{}, emit(ctx, &types.EventDatacenterUpdated{Id: d.Id, Tier: d.Tier, Certifications: d.Certifications})
}

// SetEffectorInfo says what an effector is.
//
// Errors: ErrNotAuthority, ErrInvalidField.
func (s msgServer) SetEffectorInfo(ctx context.Context, msg *types.MsgSetEffectorInfo) (*types.MsgSetEffectorInfoResponse, error) {
	if err := s.authorized(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if err := msg.Info.Validate(); err != nil {
		return nil, err
	}
	if err := s.k.effectors.Set(ctx, msg.Info.Id, msg.Info); err != nil {
		return nil, err
	}
	return &types.MsgSetEffectorInfoResponse{}, emit(ctx, &types.EventEffectorInfoSet{Id: msg.Info.Id, Description: msg.Info.Description, Metadata: msg.Info.Metadata})
}

// RemoveEffectorInfo takes back what was said of an effector.
//
// Errors: ErrNotAuthority, ErrEffectorNotFound.
func (s msgServer) RemoveEffectorInfo(ctx context.Context, msg *types.MsgRemoveEffectorInfo) (*types.MsgRemoveEffectorInfoResponse, error) {
	if err := s.authorized(ctx, msg.Authority); err != nil {
		return nil, err
	}
	if _, err := get(ctx, s.k.effectors, msg.Id, types.ErrEffectorNotFound, msg.Id); err != nil {
		return nil, err
	}
	if err := s.k.effectors.Remove(ctx, msg.Id); err != nil {
		return nil, err
	}
	return &types.MsgRemoveEffectorInfoResponse{}, emit(ctx, &types.EventEffectorInfoRemoved{Id: msg.Id})
}
