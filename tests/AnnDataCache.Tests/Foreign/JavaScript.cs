using System.Diagnostics;
using System.Text.Json;

namespace AnnDataCache.Tests.Foreign;

/// <summary>Libraries of JavaScript, run by the scripts of <c>tests/foreign</c>: Arrow's, and zarrita.</summary>
internal static class JavaScript
{
    private static readonly string s_folder = Path.Join(TestFiles.Repository, "tests", "foreign");

    private static readonly string[] s_packages = ["apache-arrow", "zarrita"];

    private static readonly Lazy<string?> s_missing = new(() =>
    {
        if (!s_packages.All(package => Directory.Exists(Path.Join(s_folder, "node_modules", package)))) { return "tests/foreign/node_modules is missing or old: run 'npm ci' there"; }
        try
        {
            using Process process = Start("--version");
            process.StandardInput.Close();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"node ended with {process.ExitCode}";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "node is missing";
        }
    });

    /// <summary>The test is skipped, saying so, where node or the library is missing.</summary>
    internal static void Require() => Assert.SkipWhen(s_missing.Value is not null, $"No JavaScript: {s_missing.Value}.");

    /// <summary>What the Arrow library finds in each of the parts, by their paths; one process reads them all.</summary>
    internal static Dictionary<string, JsonElement> Read(IEnumerable<string> parts) =>
        Run("read-part.mjs", parts).ToDictionary(part => part.GetProperty("file").GetString()!);

    /// <summary>Answers of a script, a line of JSON each; one process answers all questions.</summary>
    internal static JsonElement[] Run(string script, IEnumerable<string> lines)
    {
        using Process process = Start(Path.Join(s_folder, script));
        Task<string> error = process.StandardError.ReadToEndAsync();
        foreach (string line in lines) { process.StandardInput.WriteLine(line); } // all is read before a line is written
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static Process Start(string argument) => Process.Start(new ProcessStartInfo("node", [argument])
    {
        RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
    })!;
}
