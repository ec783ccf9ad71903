using NUnit.Framework;

namespace T5GemmaSharp.Tests.Support;

/// <summary>The checkout that the running tests were built in.</summary>
internal static class SourceTree
{
    private const string Marker = "T5GemmaSharp.sln";

    private static readonly string[] Separators = ["/", "\\"];

    /// <summary>The configuration that the tests were built in: they lie in <c>T5GemmaSharp.Tests/bin/Release/net10.0</c>.</summary>
    public static string Configuration => AppContext.BaseDirectory.Split(Separators, StringSplitOptions.RemoveEmptyEntries)[^2];

    /// <summary>The checkout's folder; a test that asks for it outside of one is skipped.</summary>
    public static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Marker)))
                return folder.FullName;
        }
        Assert.Ignore($"no {Marker} above {AppContext.BaseDirectory}: the source tree is not here");
        throw new InvalidOperationException(Marker); // Assert.Ignore does not return
    }

    /// <summary>The C# files of a project that are compiled into it, relative to the root.</summary>
    public static IReadOnlyList<string> Files(string project)
    {
        var root = Root();
        return [.. Directory.EnumerateFiles(Path.Combine(root, project), "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(root, path).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj" or "build"))
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>The text of a file.</summary>
    public static string Read(string relativePath) => File.ReadAllText(Path.Combine(Root(), relativePath));
}
