"""What is watched over, as pages: the node's runs and findings, its audit, escalations, differences between registers."""
