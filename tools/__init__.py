"""Small programs for whoever builds Safe Zone; none of them is part of the product."""
