using System.Text.Json;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>The call makes no sense; the message says what would.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>A file or stream that the user asked for cannot be written.</summary>
internal sealed class OutputException(string message, Exception inner) : Exception(message, inner);

/// <summary>A failure of the library in the words of the call.</summary>
internal sealed class ExplainedException(string message, CacheException cause) : Exception(message, cause)
{
    internal CacheException Cause => cause;
}

/// <summary>Turns exceptions into one line on stderr, an object on stdout for scripts, and an exit code.</summary>
internal static class Failures
{
    /// <summary>False for what can only be a defect of this program, which must show its stack.</summary>
    internal static bool IsExpected(Exception error) => error is CacheException or ExplainedException or UsageException or OutputException;

    internal static int Report(Exception error, string message, bool json)
    {
        (int code, string name) = Classify(error);
        Console.Error.WriteLine($"anndata-cache: {SafeText.OneLine(message)}");
        if (json)
        {
            JsonOutput.Write(Console.OpenStandardOutput(), indented: false, writer => WriteError(writer, code, name, message));
        }

        return code;
    }

    private static void WriteError(Utf8JsonWriter writer, int code, string name, string message)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteNumber("number", code);
        writer.WriteString("name", name);
        writer.WriteString("message", message);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static (int Code, string Name) Classify(Exception error) => error switch
    {
        CacheException cache => ((int)cache.Error, cache.Error.ToString()),
        ExplainedException explained => Classify(explained.Cause),
        UsageException => (ExitCodes.Usage, "Usage"),
        _ => (ExitCodes.OutputFailed, "OutputFailed"),
    };
}
