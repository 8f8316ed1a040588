"""Random actions of deployers and validators; see `sdk_cases`."""

from tests.unit.venues.hyperliquid.sdk_cases import Twin, address
from venues.hyperliquid.actions import deploy


def register_token(draw, _nonce):
    token = deploy.Token("PURR", draw.randrange(6), 8, draw.randrange(10**9), "Cat")
    arguments = ("PURR", token.size_decimals, 8, token.gas_max, "Cat")
    return Twin(
        deploy.register_token(token), "spot_deploy_register_token", arguments, for_master=True
    )


def user_genesis(draw, _nonce):
    users = [(address(draw).upper().replace("X", "x"), str(draw.randrange(10**12)))]
    tokens = [(draw.randrange(99), "1000")]
    ours = deploy.user_genesis(7, users=users, tokens=tokens)
    return Twin(ours, "spot_deploy_user_genesis", (7, users, tokens), for_master=True)


def token_variant(draw, _nonce):
    variant, token = draw.choice([*deploy.TokenVariant]), draw.randrange(999)
    method = {
        deploy.TokenVariant.ENABLE_FREEZE: "spot_deploy_enable_freeze_privilege",
        deploy.TokenVariant.REVOKE_FREEZE: "spot_deploy_revoke_freeze_privilege",
        deploy.TokenVariant.ENABLE_QUOTE: "spot_deploy_enable_quote_token",
    }[variant]
    return Twin(deploy.token_variant(variant, token=token), method, (token,), for_master=True)


def freeze_user(draw, _nonce):
    user, freeze = address(draw), draw.random() < 0.5
    ours = deploy.freeze_user(7, user=user, freeze=freeze)
    return Twin(ours, "spot_deploy_freeze_user", (7, user, freeze), for_master=True)


def genesis(draw, _nonce):
    supply, none = str(draw.randrange(10**15)), draw.random() < 0.5
    ours = deploy.genesis(7, supply_max=supply, no_liquidity=none)
    return Twin(ours, "spot_deploy_genesis", (7, supply, none), for_master=True)


def register_spot(draw, _nonce):
    base = draw.randrange(999)
    return Twin(
        deploy.register_spot(base, 0), "spot_deploy_register_spot", (base, 0), for_master=True
    )


def register_liquidity(draw, _nonce):
    seeded = draw.choice([None, draw.randrange(10)])
    ours = deploy.register_liquidity(deploy.Liquidity(7, "1.5", "0.25", 10, seeded))
    return Twin(
        ours, "spot_deploy_register_hyperliquidity", (7, 1.5, 0.25, 10, seeded), for_master=True
    )


def deployer_share(draw, _nonce):
    share = f"{draw.randrange(101)}%"
    ours = deploy.set_deployer_fee_share(7, share=share)
    return Twin(ours, "spot_deploy_set_deployer_trading_fee_share", (7, share), for_master=True)


def register_asset(draw, _nonce):
    updater = draw.choice([None, address(draw)])
    schema = draw.choice([None, deploy.DexSchema("A dex", 0, updater)])
    told = {"fullName": "A dex", "collateralToken": 0, "oracleUpdater": updater}
    gas = draw.choice([None, 10**6])
    asset = deploy.DexAsset("abc:XYZ", draw.randrange(5), "12.5", 10, draw.random() < 0.5)
    ours = deploy.register_asset("abc", asset, gas_max=gas, schema=schema)
    arguments = (
        *("abc", gas, "abc:XYZ", asset.size_decimals, "12.5", 10, asset.only_isolated),
        None if schema is None else told,
    )
    return Twin(ours, "perp_deploy_register_asset", arguments, for_master=True)


def set_oracle(draw, _nonce):
    coins = [f"abc:{draw.randbytes(2).hex()}" for _ in range(4)]
    oracle, mark, external = ({c: str(draw.randrange(10**6)) for c in coins} for _ in range(3))
    ours = deploy.set_oracle("abc", deploy.Oracle(oracle, [mark, oracle], external))
    arguments = ("abc", oracle, [mark, oracle], external)
    return Twin(ours, "perp_deploy_set_oracle", arguments, for_master=True)


def validator_signer(draw, _nonce):
    variant = draw.choice([*deploy.SignerVariant])
    name = "unjail" if variant is deploy.SignerVariant.UNJAIL else "jail"
    return Twin(deploy.validator_signer(variant), f"c_signer_{name}_self", (), for_master=True)


def register_validator(draw, _nonce):
    told = ("1.2.3.4", "name", "description", draw.random() < 0.5, 5, address(draw))
    ours = deploy.register_validator(deploy.ValidatorProfile(*told), unjailed=True, initial_wei=7)
    return Twin(ours, "c_validator_register", (*told, True, 7), for_master=True)


def change_validator(draw, _nonce):
    ip, name = draw.choice([None, "1.2.3.4"]), draw.choice([None, "name"])
    bps = draw.choice([None, 5])
    profile = deploy.ValidatorProfile(ip, name, None, None, bps, None)
    ours = deploy.change_validator(profile, unjailed=False)
    arguments = (ip, name, None, False, None, bps, None)
    return Twin(ours, "c_validator_change_profile", arguments, for_master=True)


def unregister_validator(_draw, _nonce):
    return Twin(deploy.unregister_validator(), "c_validator_unregister", (), for_master=True)


DEPLOY_KINDS = (
    *(register_token, user_genesis, token_variant, freeze_user, genesis, register_spot),
    *(register_liquidity, deployer_share, register_asset, set_oracle, validator_signer),
    *(register_validator, change_validator, unregister_validator),
)
