"""A risk report as plain data: decimals as strings in units of the asset, shares in percent."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from router.domain.instrument import Asset
from router.domain.risk import ScenarioOutcome
from router.domain.switch import SwitchSetting
from router.domain.units import NATIVE, NS_PER_S, AssetId, Pico, Pips, Price, format_decimal
from router.risk.assessment import PairPrice, RiskReport
from router.risk.funding_watch import FundingRow
from router.risk.report import AccountRisk, PositionRisk
from router.risk.stress.replayed import ReplayRow
from router.risk.stress.table import ScenarioRow
from router.risk.transfers import Suggestion
from router.state.profit_report import Holding, ProfitReport, ProfitSum

Assets: TypeAlias = Mapping[str, Asset]

_PIPS_PER_PCT: Final = 10_000
_PRICE_FIGURES: Final = 6
_NATIVE_DECIMALS: Final = 18
_NOTHING: Final = Asset(AssetId(""), 0)  # what a position is counted in that is none


def risk_data(report: RiskReport, assets: Assets) -> dict[str, object]:
    """Return all of a report that a person or a program reads."""
    survey = report.survey
    return {
        "at_s": report.assessment.at / NS_PER_S,
        "accounts": [_account(account, assets) for account in report.accounts],
        "stress": [_scenario(row, assets) for row in report.stress],
        "funding": [_funding(row, assets) for row in report.funding],
        "prices": [_pair(pair, assets) for pair in report.prices],
        "profit": _profit(report.profit, assets),
        "switches": [_switch(setting) for setting in report.switches],
        "cuts": [
            {"instrument": c.instrument, "lots": c.lots, "reason": c.reason}
            for c in report.assessment.cuts
        ],
        "transfers": [_transfer(one, assets) for one in report.transfers],
        "unreadable": dict(survey.unreadable),
        "stale": dict(survey.stale),
    }


def replay_data(
    rows: Iterable[ReplayRow], report: RiskReport, assets: Assets
) -> list[dict[str, object]]:
    """Return what becomes of accounts along a path."""
    collaterals = {a.found.account: assets[a.collateral] for a in report.accounts}
    return [_replayed(row, collaterals[row.account]) for row in rows]


def _replayed(row: ReplayRow, asset: Asset) -> dict[str, object]:
    return {
        "account": row.account,
        "collateral": asset.id,
        "lowest_equity": _units(row.low_atoms, asset),
        "lowest_at_s": row.low_at_s,
        "last_equity": _units(row.end_atoms, asset),
        "below_maintenance_at_s": row.short_at_s,
        "is_taken_over": row.is_lost,
        "forced_sales": _units(row.sold_atoms, asset),
        "deleveraged": _units(row.deleveraged_atoms, asset),
        "slippage": _units(row.cost_atoms, asset),
    }


def _account(account: AccountRisk, assets: Assets) -> dict[str, object]:
    found, asset = account.found, assets[account.collateral]
    return {
        "account": found.account,
        "venue": found.venue,
        "collateral": asset.id,
        "value": _units(account.value_atoms, asset),
        "equity": _units(found.equity_atoms, asset),
        "initial_margin": _units(found.initial_atoms, asset),
        "maintenance_margin": _units(found.maintenance_atoms, asset),
        "transfer_requirement": _units(account.transfer_requirement_atoms, asset),
        "free_collateral": _units(account.available_atoms, asset),
        "withdrawable": _units(account.withdrawable_atoms, asset),
        "maintenance_over_equity_pct": _percent(account.ratio_pips),
        "zone": found.zone.value,
        "margin": "reduce_only" if account.reduces_only else "cross",
        "why": account.reduces_only or found.unknown,
        "positions": [_position(position, asset, assets) for position in account.positions],
        "outcomes": [_outcome(one, asset) for one in account.outcomes],
    }


def _position(position: PositionRisk, asset: Asset, assets: Assets) -> dict[str, object]:
    return {
        "instrument": position.instrument,
        "asset": position.asset,
        "side": "long" if position.notional_atoms > 0 else "short",
        "lots": position.lots,
        "notional": _units(position.notional_atoms, asset),
        "mark": _price(position.mark, assets),
        "initial_margin": _units(position.initial_atoms, asset),
        "maintenance_margin": _units(position.maintenance_atoms, asset),
        "is_isolated": position.is_isolated,
        "liquidation_price": _price(position.liquidation, assets),
        "distance_pct": _percent(position.distance_pips),
    }


def _transfer(one: Suggestion, assets: Assets) -> dict[str, object]:
    asset = assets[one.short.asset]
    return {
        "account": one.account,
        "scenario": one.scenario,
        "collateral": asset.id,
        "short": _units(one.short.atoms, asset),
        "sources": [
            {
                "account": source.account,
                "place": source.place,
                "quantity": _units(source.amount.atoms, asset),
            }
            for source in one.sources
        ],
        "missing": _units(one.missing.atoms, asset),
    }


def _outcome(one: ScenarioOutcome, asset: Asset) -> dict[str, object]:
    return {
        "scenario": one.scenario,
        "equity": _units(one.equity_atoms, asset),
        "maintenance_margin": _units(one.maintenance_atoms, asset),
        "room": _units(one.room_atoms, asset),
    }


def _scenario(row: ScenarioRow, assets: Assets) -> dict[str, object]:
    asset = assets[row.reference]
    return {
        "scenario": row.scenario,
        "reference": row.reference,
        "pnl": _units(row.pnl_atoms, asset),
        "equity": _units(row.equity_atoms, asset),
        "inventory": _units(row.inventory_atoms, asset),
        "gas": _units(row.gas_atoms, asset),
        "forced_sales": _units(row.sold_atoms, asset),
        "slippage": _units(row.slippage_atoms, asset),
        "shortfall": _units(row.shortfall_atoms, asset),
        "liquidated": list(row.liquidated),
        "first_account": row.first_account,
        "first_position": row.first_position,
        "net_exposure": {name: _units(atoms, asset) for name, atoms in row.delta},
        "accounts": [
            {
                "account": one.account,
                "hidden_loss": _units(one.hidden_atoms, asset),
                "is_liquidated": one.is_liquidated,
                "is_taken_over": one.is_lost,
                "is_contagion": one.is_fallen,
                "cannot_be_reduced": one.is_stuck,
                "exit_cost": _units(one.exit_cost_atoms, asset),
                "exit_unsold": _units(one.exit_unsold_atoms, asset),
            }
            for one in row.accounts
        ],
    }


def _funding(row: FundingRow, assets: Assets) -> dict[str, object]:
    asset = _NOTHING if row.quote is None else assets[row.quote]
    return {
        "instrument": row.instrument,
        "asset": row.asset,
        "state": row.state.value,
        "reasons": list(row.reasons),
        "rate_per_hour_bps": _bps(row.rate_per_hour),
        "realised_per_hour_bps": None
        if row.realised_per_hour is None
        else _bps(row.realised_per_hour),
        "others_per_hour_bps": {name: _bps(rate) for name, rate in row.others},
        "spread_8h_bps": format_decimal(row.spread_pips, 2),
        "z_score": None if row.z_hundredths is None else format_decimal(row.z_hundredths, 2),
        "hours_on_side": row.side_hours,
        "notional": _units(row.notional_atoms, asset),
        "year_pct": _percent(Pips(row.year_pips)),
        "cost_24h": _units(row.day_atoms, asset),
        "cost_year": _units(row.year_atoms, asset),
        "hours_until_soft_zone": row.hours_left,
    }


def _pair(pair: PairPrice, assets: Assets) -> dict[str, object]:
    found = pair.reference
    return {
        "pair": f"{pair.base}/{pair.quote}",
        "reference": None if found is None else _price(found.price, assets),
        "voices": [] if found is None else list(found.voices),
        "age_s": None if found is None else found.age / NS_PER_S,
    }


def _profit(profit: ProfitReport, assets: Assets) -> dict[str, object]:
    return {
        "total": [_sum(one, assets) for one in profit.sums],
        "by_venue": [_sum(one, assets) for one in profit.by_venue()],
        "by_asset": [_sum(one, assets) for one in profit.by_asset()],
        "inventory": [_holding(one, assets) for one in profit.inventory],
    }


def _sum(one: ProfitSum, assets: Assets) -> dict[str, object]:
    asset = _asset(one.quote, assets)
    return {
        "name": one.name,
        "quote": one.quote,
        "realised": _units(one.realised_atoms, asset),
        "unrealised": _units(one.unrealised_atoms, asset),
        "funding": _units(one.funding_atoms, asset),
        "fees": _units(one.fees_atoms, asset),
        "gas": _units(one.gas_atoms, asset),
        "total": _units(one.total_atoms, asset),
        "unmarked": list(one.unmarked),
    }


def _holding(one: Holding, assets: Assets) -> dict[str, object]:
    value = None if one.value_atoms is None else _units(one.value_atoms, _asset(one.quote, assets))
    return {
        "account": one.account,
        "item": one.item,
        "quantity": _units(one.atoms, _asset(one.base, assets)),
        "quote": one.quote,
        "value": value,
    }


def _switch(setting: SwitchSetting) -> dict[str, object]:
    return {
        "scope": setting.scope.label,
        "state": setting.state.value,
        "by": setting.by,
        "reason": setting.reason,
        "since_s": setting.at / NS_PER_S,
    }


# The coin that pays for gas is no asset of the configuration.
def _asset(name: AssetId, assets: Assets) -> Asset:
    return Asset(NATIVE, _NATIVE_DECIMALS) if name == NATIVE else assets[name]


def _units(atoms: int, asset: Asset) -> str:
    return format_decimal(atoms, asset.decimals)


def _percent(pips: Pips | None) -> str | None:
    return None if pips is None else format_decimal(pips, 4)


# At least six figures: a cheap asset's price is all behind the point.
def _price(price: Price | None, assets: Assets) -> str | None:
    if price is None:
        return None
    exponent = assets[price.base].decimals - assets[price.quote].decimals
    ratio = (Decimal(price.quote_atoms) / Decimal(price.base_atoms)).scaleb(exponent)
    return f"{ratio:.{max(2, _PRICE_FIGURES - 1 - ratio.adjusted())}f}"


def _bps(rate: Pico) -> str:
    return format_decimal(rate, 8)
