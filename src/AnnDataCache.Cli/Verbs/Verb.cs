using System.CommandLine;
using System.CommandLine.Parsing;

namespace AnnDataCache.Cli;

/// <summary>One verb of the command line.</summary>
internal abstract class Verb
{
    private HashSet<string> _literal = [];

    internal abstract string Name { get; }

    protected abstract string Summary { get; }

    /// <summary>A line that works, after the name of the executable.</summary>
    protected abstract string Example { get; }

    protected virtual bool Hidden => false;

    /// <summary>Symbols of this verb beside the common options.</summary>
    protected virtual IEnumerable<Symbol> Symbols => [];

    /// <param name="arguments">The line to parse: the example is for the verb's own help, not for the list of all verbs.</param>
    internal Command Build(string[] arguments)
    {
        _literal = [.. arguments.SkipWhile(argument => argument != "--").Skip(1)];
        string example = arguments.Contains(Name) ? $"\n\nExample:\n  anndata-cache {Example}" : "";
        Command command = new(Name, Summary + example) { Hidden = Hidden };
        foreach (Symbol symbol in Symbols)
        {
            if (symbol is Argument argument)
            {
                argument.Validators.Add(RefuseOptions);
                command.Arguments.Add(argument);
            }
            else { command.Options.Add((Option)symbol); }
        }

        command.SetAction(Run);
        return command;
    }

    /// <summary>Does the work and returns the exit code.</summary>
    protected abstract int Execute(Session session);

    protected static Argument<string> FileArgument(string description = "An .h5ad or .h5mu file, or a .zarr store.") =>
        new("FILE") { Description = description };

    protected static Argument<string> ElementArgument() =>
        new("ELEMENT") { Description = "Path inside the file: X, obs, obs/cell_type, layers/counts." };

    /// <summary>A mistyped option must not pass as a file or an element; behind <c>--</c> there are no options.</summary>
    private void RefuseOptions(ArgumentResult result)
    {
        foreach (Token token in result.Tokens)
        {
            if (token.Value.StartsWith("--", StringComparison.Ordinal) && !_literal.Contains(token.Value)) { result.AddError($"Unrecognized option '{token.Value}'."); }
            else if (token.Value.Length == 0) { result.AddError($"{result.Argument.Name} is empty: a variable of the shell that is not set?"); }
        }
    }

    private int Run(ParseResult parsed)
    {
        using Interruption interruption = new();
        try
        {
            using Session session = new(parsed, interruption.Token);
            return Execute(session);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            Console.Error.WriteLine("anndata-cache: interrupted; nothing half done is left.");
            return interruption.ExitCode;
        }
        catch (StoreException setting) when (setting.Error == CacheError.BadSetting)
        {
            return Failures.Report(setting, CommonOptions.NameOptions(parsed, setting.Message), parsed.GetValue(CommonOptions.Json));
        }
        catch (Exception error) when (Failures.IsExpected(error))
        {
            return Failures.Report(error, error.Message, parsed.GetValue(CommonOptions.Json));
        }
    }
}
