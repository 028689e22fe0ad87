"""The pages of reports: the rates and what lies behind them, the tables with their charts, and what was frozen."""
