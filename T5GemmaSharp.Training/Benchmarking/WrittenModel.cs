namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>A checkpoint with random weights in a temporary folder.</summary>
internal sealed class WrittenModel : IDisposable
{
    private WrittenModel()
    {
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("t5gemma-benchmark-").FullName;

    public static WrittenModel Draw(BenchmarkSettings settings, string preset)
    {
        var written = new WrittenModel();
        try
        {
            using var model = BenchmarkModel.Draw(settings, preset);
            model.SavePretrained(written.Folder);
            return written;
        }
        catch
        {
            written.Dispose();
            throw;
        }
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
