using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints.Hub;

namespace T5GemmaSharp.Tests.Training.Commands;

public sealed class DownloadCommandTests : HubFixture
{
    [Test]
    public void Run_Repository_FillsTheFolder()
    {
        var (code, output, errors) = CommandRun.Of("download", LoopbackHub.Repository, "--endpoint", Hub.Address.AbsoluteUri, "--token", "hf_command", "--out", Folder.Path, "--exclude", "original/", "*.md", "--parallel", "1");
        Assert.That(code, Is.Zero, errors);
        AssertComplete("config.json", Weights);
        Assert.That(output, Is.EqualTo($"{Folder.Path}: 2 files of owner/name at {LoopbackHub.Commit}, 2 of them fetched now\n"));
        Assert.That(errors, Does.Contain("100.0 %").And.Not.Contain("hf_command"));
        Assert.That(Hub.Requests.Select(request => request.Token), Is.All.EqualTo("Bearer hf_command"));
    }

    [Test]
    public void Run_NoSuchRevision_IsRefused()
    {
        Hub.Script("/revision/none", exchange => exchange.SendAsync("404 Not Found", [], "X-Error-Code: RevisionNotFound"));
        CommandRun.AssertRefused(CommandRun.Of("download", LoopbackHub.Repository, "--endpoint", Hub.Address.AbsoluteUri, "--revision", "none", "--out", Folder.Path, "--token", ""), "no branch, tag or commit 'none'");
    }

    [Test]
    public void Run_EndpointWithoutScheme_IsRefused() =>
        CommandRun.AssertRefused(CommandRun.Of("download", "owner/name", "--endpoint", "huggingface.co"), "--endpoint: expected an address");
}
