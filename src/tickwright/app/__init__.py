"""What a person meets: the command line, its summary in the terminal, the report and the files of a run.

| module | what |
|---|---|
| `cli` | the entry point of the console script |
| `interface` | the commands and their options; nothing heavy is imported until a command runs |
| `failures` | exceptions to one clear line and an exit code |
| `commands` | what each command does, by calling the packages below |
| `config_file` | TOML to frozen dataclasses and back, the only place that does it |
| `request` | a file and the options laid over it, to one configuration |
| `document` | what result.json holds |
| `demo` | the simulated market and the orders of the demonstration |
| `terminal` | progress and the summary of a run |
| `output` | the files of a run, written atomically, the same bytes for the same run |
| `report` | the HTML report |

Nothing imports this package.
"""
