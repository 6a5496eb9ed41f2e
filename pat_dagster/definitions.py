"""Everything Dagster knows. Importing it reads files below `sql/`, the settings of the home, no data."""

import pkgutil
from importlib import import_module

import dagster as dg

from pat_dagster import assets, night_sensors, schedules
from pat_dagster.jobs import JOBS
from pat_dagster.recovery import clean_up_after_kills
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.sensors import retrain_when_ready
from pat_dagster.settings import Settings
from pat_dagster.shown import group_of
from pat_dagster.sql_assets import sql_assets
from pat_dagster.sql_checks import sql_checks

POLICY_IN_USE = dg.AssetSpec(
    "policy_in_use",
    group_name=group_of("policy"),
    description=(
        "the adapters that agents load, one per agent. The loop over iterations is cut here: a promotion "
        "reports a new version, the next rollout reads it."
    ),
)

SETTINGS = Settings.from_env()

MODULES = [
    import_module(f"{assets.__name__}.{module.name}") for module in pkgutil.iter_modules(assets.__path__)
]

defs = dg.Definitions(
    assets=[*sql_assets(), *dg.load_assets_from_modules(MODULES), POLICY_IN_USE],
    asset_checks=[*sql_checks(), *dg.load_asset_checks_from_modules(MODULES)],
    jobs=JOBS,
    sensors=[retrain_when_ready, clean_up_after_kills, *night_sensors.sensors(SETTINGS)],
    schedules=schedules.schedules(SETTINGS),
    resources={"warehouse": Warehouse(home=str(SETTINGS.home))},
    executor=dg.in_process_executor,  # single assets from the UI too: the warehouse has one writer
)
