# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `mcp`: tools for agents, over the Model Context Protocol.

Each group of tools is a module with a list `TOOLS`, which `server` registers. The official `mcp`
package is an extra of the pip package; the extension does not contain this folder. Knows no user
interface.
"""
