"""Who a person may be in the register: how people are compared, what an agreement weighs, under which blind keys to look."""
