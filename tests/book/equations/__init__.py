"""One module per chapter, one function a labelled equation: check_<label>, which raises if the equation is not true."""
