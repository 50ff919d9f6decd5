"""Commands of operators: doctor, migrate, config and backup."""
