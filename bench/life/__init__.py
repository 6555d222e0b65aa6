"""A region's worth of life on one station, for as long as wanted: poles, phones, consoles and operators, and a judgement."""
