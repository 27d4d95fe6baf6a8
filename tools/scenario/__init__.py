# SPDX-License-Identifier: MIT
"""The parts of tools/scenarios: lab (records and asks), page (Markdown), and a file for each scenario."""
