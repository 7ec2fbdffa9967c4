"""SDMX: REST 2.1 (`/sdmx/2.1`) and REST 3.0 (`/sdmx/v2`) over one model, written as SDMX-ML, SDMX-JSON and SDMX-CSV."""
