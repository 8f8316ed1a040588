"""The pre-trade controls: of an order, of the market it meets, of a plan, and of its children."""

from router.risk.controls.consequence import setting_of as setting_of
from router.risk.controls.conservation import all_conserved as all_conserved
from router.risk.controls.conservation import conserved as conserved
from router.risk.controls.gate import admission_refusal as admission_refusal
from router.risk.controls.gate import market_refusal as market_refusal
from router.risk.controls.gate import order_refusal as order_refusal
from router.risk.controls.gate import plan_refusal as plan_refusal
from router.risk.controls.gate import reference_of as reference_of
from router.risk.controls.gate import unavailable as unavailable
from router.risk.controls.gate import unproved_refusal as unproved_refusal
