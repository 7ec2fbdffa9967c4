from tepian.cli import main

main()
