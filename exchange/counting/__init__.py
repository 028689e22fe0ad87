"""How the rates are counted: an exchange is judged, verdicts are added up in cells, and cells are summed to figures."""
