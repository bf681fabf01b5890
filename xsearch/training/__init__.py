"""Training of the models that the package ships: data, augmentation, one command each."""
