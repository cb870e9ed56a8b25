using System.CommandLine;
using System.Runtime.Versioning;
using AnnDataCache.Cli;

[assembly: SupportedOSPlatform("linux")]

// The executable anndata-cache: one verb a call, each in its own file under Verbs.
//
//   Program      parses; a wrong call ends here with exit code 2
//   Verb         declares its arguments and does its work on a Session
//   Session      what all verbs share: the store with its settings, the streams, the cancellation
//   Failures     turns every exception into one line, and a number for scripts (ExitCodes)
//
// Nothing but the public surface of the library is used: what a verb can do, a program can.

if (args is ["--version"]) // before the parser is built, since scripts ask for it at each start
{
    Console.WriteLine(Verbs.Version);
    return ExitCodes.Done;
}

ParseResult parsed = Verbs.BuildRoot(args).Parse(args);
if (parsed.Errors.Count > 0 && !Verbs.AsksForHelp(args))
{
    string wrong = string.Join(" ", parsed.Errors.Select(error => error.Message));
    return Failures.Report(new UsageException(wrong), $"{wrong} See 'anndata-cache --help'.", args.Contains("--json"));
}

return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
